"""Play with an experiment: a slider whose figure is drawn anew. The only user of ipywidgets."""

import base64
import html
import time

import ipywidgets as widgets

from helpers import checks


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
        self._draw, self._values = draw, values
        self.slider = widgets.SelectionSlider(
            options=values,
            value=start,
            description=label,
            continuous_update=False,
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

    def _redraw(self, value):
        self.readout.value = f"<i>{self.slider.description} = {value}: working</i>"
        began = time.perf_counter()
        drawn = self._draw(value)
        if not isinstance(drawn, tuple) or [type(part) for part in drawn] != [bytes, str]:
            raise TypeError(f"draw must return (png, sentence), got {checks.short(drawn)}")
        self.image.value, self.sentence = drawn
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
        return {**bundle, "text/plain": repr(self), "image/png": picture}, {
            "image/png": {"width": 760}
        }
