"""Predict before a figure, play with it after: the only user of ipywidgets."""

import base64
import html
import math
import time

import ipywidgets as widgets

from helpers import checks

_answers = {}  # by question, so that running the cell again does not lose an answer


class Prediction(widgets.VBox):
    """A question that the reader answers before the figure, and what became of the answer.

    The answer is given with mouse or keyboard, or in code: ``question.answer = 0.9``.

    Parameters
    ----------
    question : str
    choices : sequence of str, optional
        What can be answered. Without it the answer is a number.
    low, high : float, default 0 and 1
        The range of a number.
    step : float, default 0.01

    Attributes
    ----------
    answer : float or str or None
        None until the reader has answered.
    """

    def __init__(self, question, choices=None, *, low=0.0, high=1.0, step=0.01):
        self.question = checks.text("question", question, r".*\S.*", "a question")
        self.choices = None if choices is None else checks.texts("choices", choices, most=20)
        if choices is None:
            low, high = checks.number("low", low), checks.number("high", high)
            if not low < high:
                raise ValueError(f"low must be less than high, got {low:g} and {high:g}")
            step = checks.number("step", step, 0, high - low, ends=False)
            self.low, self.high = low, high
            decimals = max(0, -math.floor(math.log10(step) + 1e-9))
            self.control = widgets.FloatSlider(
                (low + high) / 2, min=low, max=high, step=step, readout_format=f".{decimals}f",
                layout={"width": "60%"},
            )  # fmt: skip
            # The middle may be the answer too, and a slider that is not moved says nothing.
            button = widgets.Button(description="This is my answer", layout={"width": "auto"})
            button.on_click(lambda _: self._take(self.control.value))
            row = widgets.HBox([self.control, button])
        else:
            self.control = row = widgets.RadioButtons(options=self.choices, value=None)
        self.said = widgets.HTML()
        super().__init__([widgets.HTML(f"<b>{html.escape(question)}</b>"), row, self.said])
        self.control.observe(lambda change: self._take(change["new"]), "value")
        self._key = question, tuple(self.choices or (low, high))
        self.answer = _answers.get(self._key)

    @property
    def answer(self):
        """What the reader answered."""
        return self._answer

    @answer.setter
    def answer(self, answer):
        if answer is not None and self.choices is not None:
            checks.one_of("answer", answer, self.choices)
        elif answer is not None:
            answer = checks.number("answer", answer, self.low, self.high)
        self._take(answer)
        if answer is not None:
            self.control.value = answer

    def _take(self, answer):
        self._answer = answer
        if answer is not None:
            _answers[self._key] = answer
        said = "No answer yet." if answer is None else f"Your answer: {self._written(answer)}"
        self.said.value = f'<span role="status">{html.escape(said)}</span>'

    def _written(self, value):
        return value if isinstance(value, str) else f"{value:{self.control.readout_format}}"

    def compare(self, measured):
        """Print what was measured beside the reader's answer.

        Parameters
        ----------
        measured : float or str
            A number, or one of the choices.
        """
        if self.choices is None:
            measured = checks.number("measured", measured)
        else:
            checks.one_of("measured", measured, self.choices)
        mine = "no answer" if self._answer is None else f"you said {self._written(self._answer)}"
        print(f"{self.question} Measured: {self._written(measured)} ({mine}).")

    def __repr__(self):
        """Return what is stored and read where no widget can be shown."""
        return f"{self.question} Run this cell to answer."

    def _repr_mimebundle_(self, **options):
        return {**super()._repr_mimebundle_(**options), "text/plain": repr(self)}


class Slider(widgets.VBox):
    """A slider, the figure for its value, and a sentence that reads it out.

    Parameters
    ----------
    draw : callable
        Takes a value and returns ``(png, sentence)``: a picture, as `plotting.png` makes it, and
        what it shows, in words. A learner's function may raise; the message is shown and the old
        picture stays.
    values : sequence of numbers or of str
        What the slider runs through, in order, at most 1,000.
    start : number or str
        One of `values`.
    label : str
        What the slider sets, with its unit.

    Raises
    ------
    NameError
        `draw` needs a name that no cell has made yet.
    """

    def __init__(self, draw, values, start, label):
        checks.function("draw", draw, 1)
        values = checks.labels("values", values, most=1_000)
        checks.one_of("start", start, values)
        checks.text("label", label)
        self._draw, self._values, self.sentence = draw, values, ""
        self.slider = widgets.SelectionSlider(
            options=values,
            value=start,
            description=label,
            continuous_update=False,
            readout=False,  # too narrow for a setting in words; the sentence below says it
            style={"description_width": "initial"},
            layout={"width": "95%"},
        )
        self.image = widgets.Image(format="png", layout={"max_width": "100%", "width": "760px"})
        self.readout = widgets.HTML()
        super().__init__([self.slider, self.readout, self.image])
        try:
            self._redraw(start)
        except NameError:
            raise  # `order` says which cell to run first; a message in the read-out would not
        except Exception as error:
            self._tell(error)
        self.slider.observe(lambda change: self.show(change["new"]), "value")

    def show(self, value):
        """Draw the figure for `value`; called whenever the slider moves.

        Parameters
        ----------
        value : object
            One of the slider's values.

        Raises
        ------
        ValueError
            `value` is none of them. What `draw` raises is shown instead.
        """
        checks.one_of("value", value, self._values)
        try:
            self._redraw(value)
        except Exception as error:  # the learner's own code may raise anything
            self._tell(error)

    def _tell(self, error):
        self.readout.value = f"<b>{type(error).__name__}</b>: {html.escape(str(error))}"

    def frames(self):
        """Draw the figure of every setting, for a page that has no kernel.

        Returns
        -------
        list of tuple (setting, png, sentence)
            In the order of the slider: a text, a picture's bytes, and what the picture shows.
        """
        return [(str(value), *self._drawn(value)) for value in self._values]

    def _drawn(self, value):
        drawn = self._draw(value)
        if not isinstance(drawn, tuple) or [type(part) for part in drawn] != [bytes, str]:
            raise TypeError(f"draw must return (png, sentence), got {checks.short(drawn)}")
        return drawn

    def _redraw(self, value):
        self.readout.value = f"<i>{self.slider.description} = {value}: working</i>"
        began = time.perf_counter()
        self.image.value, self.sentence = self._drawn(value)
        seconds = time.perf_counter() - began
        self.readout.value = (
            f'<span role="status">{self.slider.description} = {value}. {self.sentence} '
            f"({seconds:.1f} s)</span>"
        )

    def __repr__(self):
        """Return what is stored and read where no widget can be shown."""
        return f"A slider, {self.slider.description}: run the cell to move it."

    def _repr_mimebundle_(self, **options):
        bundle = super()._repr_mimebundle_(**options)
        picture = base64.b64encode(self.image.value).decode()
        alt = html.escape(f"{self.slider.description} = {self.slider.value}. {self.sentence}")
        page = f'<img width="760" alt="{alt}" src="data:image/png;base64,{picture}">'
        shown = {"text/plain": repr(self), "text/html": page, "image/png": picture}
        return {**bundle, **shown}, {"image/png": {"width": 760, "alt": alt}}
