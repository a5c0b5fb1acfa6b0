"""Play with an experiment: a slider whose figure is drawn anew. The only user of ipywidgets."""

import base64
import time

import ipywidgets as widgets


class Slider(widgets.VBox):
    """A slider, the figure for its value, and a sentence that reads it out.

    Parameters
    ----------
    draw : callable
        Takes a value and returns ``(png, sentence)``: a picture, as `plotting.png` makes it, and
        what it shows, in words. A learner's function may raise; the message is shown and the old
        picture stays.
    values : sequence
        What the slider runs through, in order.
    start : object
        One of `values`.
    label : str
        What the slider sets, with its unit.
    """

    def __init__(self, draw, values, start, label):
        values = list(values)
        if start not in values:
            raise ValueError(f"start must be one of {values}, got {start!r}")
        self._draw = draw
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
        self.show(start)
        self.slider.observe(lambda change: self.show(change["new"]), "value")

    def show(self, value):
        """Draw the figure for `value`; called whenever the slider moves.

        Parameters
        ----------
        value : object
            One of the slider's values.
        """
        self.readout.value = f"<i>{self.slider.description} = {value}: working</i>"
        began = time.perf_counter()
        try:
            picture, sentence = self._draw(value)
        except Exception as error:  # the learner's own code may raise anything
            self.readout.value = f"<b>{type(error).__name__}</b>: {error}"
            return
        self.image.value, self.sentence = picture, sentence
        seconds = time.perf_counter() - began
        self.readout.value = (
            f'<span role="status">{self.slider.description} = {value}. {sentence} '
            f"({seconds:.1f} s)</span>"
        )

    def __repr__(self):
        """Return what is stored and read where no widget can be shown."""
        return f"A slider, {self.slider.description}: run the cell to move it."

    def _repr_mimebundle_(self, **options):
        bundle = super()._repr_mimebundle_(**options)
        picture = base64.b64encode(self.image.value).decode()
        return {**bundle, "text/plain": repr(self), "image/png": picture}
