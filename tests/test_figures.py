"""`plotting` draws what it was given; `explore` redraws when its slider moves."""

import base64
import gc
import html
import io
import re

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib_inline.config import InlineBackend
from PIL import Image

from helpers import evidence, explore, plotting


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_learning_curves_show_the_mean_a_few_runs_and_where_most_lie():
    curves = np.random.default_rng(0).random((40, 30))
    ax = plotting.learning_curves({"train": curves, "test": curves / 2}, ylabel="loss", title="T")
    lines = [line.get_ydata() for line in ax.lines]
    assert len(lines) == 2 * 6
    np.testing.assert_allclose(lines[:5], curves[:5])
    np.testing.assert_allclose(lines[5], curves.mean(axis=0))
    np.testing.assert_allclose(lines[11], curves.mean(axis=0) / 2)
    band = ax.collections[0].get_paths()[0].vertices
    at_seven = band[band[:, 0] == 7][:, 1]
    assert [at_seven.min(), at_seven.max()] == pytest.approx(np.quantile(curves[:, 6], [0.1, 0.9]))
    assert sorted(texts(ax)) == ["test", "training"]
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title("left")) == ("epoch", "loss", "T")


def test_few_runs_are_all_drawn_and_need_no_band():
    ax = plotting.learning_curves({"train": np.eye(3)}, ylabel="", title="")
    assert len(ax.lines) == 3 + 1 and not ax.collections


def test_a_split_looks_the_same_in_every_figure():
    for curves in ({"train": [[1, 2]], "test": [[2, 1]]}, {"test": [[2, 1]], "train": [[1, 2]]}):
        ax = plotting.learning_curves(curves, ylabel="", title="")
        looks = {line.get_color(): line.get_linestyle() for line in ax.lines}
        assert looks == {plotting.COLOURS[s]: plotting.LINE_STYLES[s] for s in ("train", "test")}
    assert len(set(plotting.COLOURS.values())) == len(set(plotting.LINE_STYLES.values())) == 3


def test_labels_of_lines_that_end_together_do_not_overlap():
    curves = {"train": [[0.5, 0.5]], "validation": [[0.5, 0.5]], "test": [[0.5, 0.501]]}
    ax = plotting.learning_curves(curves, ylabel="accuracy", title="", ylim=(0, 0.51))
    ax.figure.canvas.draw()
    boxes = sorted((t.get_window_extent() for t in ax.texts), key=lambda box: box.y0)
    assert all(low.y1 <= high.y0 + 2 for low, high in zip(boxes, boxes[1:], strict=False))
    assert boxes[-1].y1 <= ax.figure.bbox.y1


def claim(values, threshold=0.05, **options):
    given = {"program": "own", "origin": "planned", "why": "W.", "quantity": "gain"}
    return evidence.claim("a-b", values, "S.", threshold=threshold, **{**given, **options})


def test_a_strip_shows_every_run_the_interval_the_threshold_and_no_effect():
    shown = claim([0.1, 0.2, 0.2, 0.4])
    ax = plotting.strip(shown)
    runs, bar, mean, threshold, no_effect = ax.lines
    np.testing.assert_array_equal(np.sort(runs.get_xdata()), shown.values)
    np.testing.assert_allclose(bar.get_xdata(), [shown.low, shown.high])
    assert mean.get_xdata()[0] == shown.estimate
    assert (threshold.get_xdata()[0], no_effect.get_xdata()[0]) == (0.05, 0)
    assert texts(ax) == ["threshold", "no effect"] and ax.get_xlabel() == "gain"
    assert texts(plotting.strip(claim([1, 2], no_effect="none"))) == ["threshold"]
    assert texts(plotting.strip(claim([1, 2], 0.0))) == ["threshold = no effect"]


def test_a_forest_puts_no_effect_at_0_and_thresholds_at_1():
    claims = [
        claim([0.0999, 0.1001]),  # twice the threshold
        claim([0.5599, 0.5601], 0.55, no_effect=0.5),  # 0.06 of 0.05
        claim([-0.0001, 0.0001]),
        claim([-0.1001, -0.0999], -0.2),  # half of the margin is used up
        claim([-1.001, -0.999]),  # off the scale: -20
        claim([3.0, 3.0], 3.0),
        claim([1.0, 3.0], 2.0, no_effect="none"),  # the unit is the runs' own spread
    ]
    ax = plotting.forest(claims)
    marks = [line for line in ax.lines if line.get_marker() in "DvoXs"]
    found = [float(line.get_xdata()[0]) for line in marks]
    np.testing.assert_allclose(found, [2, 1.2, 0, 1.5, -2, 1, 1], atol=1e-9)
    assert [line.get_marker() for line in marks] == list("DDoDXDs")
    assert [int(line.get_ydata()[0]) for line in marks] == [6, 5, 4, 3, 2, 1, 0]
    assert "0.1000  (0.0987 to 0.1013)" in texts(ax)
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == ["a-b"] * 6 + ["a-b †"] and "†" in ax.get_xlabel()


@pytest.fixture
def shell():
    """IPython, as a notebook's kernel runs it, set up for this course."""
    shell = InteractiveShell.instance()
    plotting._set_up(shell)
    yield shell
    InteractiveShell.clear_instance()


def test_a_notebook_shows_a_claim_with_its_strip_and_words_for_who_cannot_see_it(shell):
    shown = claim([0.1, 0.2, 0.2, 0.4], quantity='1 < 2 "x"')
    data, _ = shell.display_formatter.format(shown)
    (tag,) = re.findall(r"<img[^>]*>", data["text/html"])
    assert html.escape(shown.described()) in tag
    picture = base64.b64decode(re.search(r'src="data:image/png;base64,([^"]*)"', tag)[1])
    assert picture.startswith(b"\x89PNG") and len(picture) < 30_000
    assert data["text/plain"] == str(shown) and evidence.MEDIA_TYPE in data
    assert not plt.get_fignums()


def canvases():
    """Count what Agg draws on, 6 MB each."""
    gc.collect()
    return sum(isinstance(one, RendererAgg) for one in gc.get_objects())


def test_a_figure_that_was_shown_keeps_no_pixels():
    before = canvases()
    ax = plotting.learning_curves({"a": np.eye(3)}, ylabel="y", title="T")
    once, twice = (plotting._figure_bundle(ax.figure) for _ in range(2))
    assert once == twice
    plt.close(ax.figure)
    assert canvases() == before
    assert ax.figure.axes == [ax]  # what a learner still holds is whole


def test_a_stored_picture_has_two_pixels_a_point_and_64_colours():
    ax = plotting.points(np.random.default_rng(0).random((90, 2)), np.arange(90) % 2, title="T")
    buffer = io.BytesIO()
    ax.figure.savefig(buffer, dpi=220)
    picture = plotting.png(ax)
    image = Image.open(io.BytesIO(picture))
    assert image.size == (1650, 1012) and len(image.convert("RGB").getcolors()) <= 64
    assert len(picture) < len(buffer.getvalue()) / 2
    assert plotting.with_palette(picture) == picture
    small = plotting.halved(picture)
    assert Image.open(io.BytesIO(small)).size == (825, 506) and len(small) < len(picture)


def test_a_figure_is_shown_with_its_alternative_text(shell):
    assert InlineBackend.instance().figure_formats == set()
    curves = {"train": [[0.5, 0.8, 0.7], [0.7, 0.8, 0.9]], "test": [0.5, 0.5, 0.6]}
    axes = plotting.figure(2)
    plotting.learning_curves(curves, axes[0], ylabel="accuracy", title="Two < three")
    axes[1].plot([1, 2])
    axes[1].set(xlabel="$x$", ylabel="$y$", title="Mine")
    alt = (
        "Two < three. accuracy over 3 epochs, 2 runs. Training from 0.6 to 0.8. "
        "Test from 0.5 to 0.6. Mine. y against x."
    )
    data, metadata = shell.display_formatter.format(axes[0].figure)
    assert plotting.described(axes[0].figure) == alt
    plotting.tell(axes[1], "A line from 1 to 2.")
    assert plotting.described(axes[0].figure).endswith(" Mine. A line from 1 to 2.")
    assert metadata["image/png"]["alt"] == alt
    (tag,) = re.findall(r"<img[^>]*>", data["text/html"])
    assert f'alt="{html.escape(alt)}"' in tag and data["image/png"] in tag
    width, height = Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).size
    assert shell.display_formatter.format(axes[0]) == ({}, {})
    assert width == pytest.approx(2 * metadata["image/png"]["width"], abs=1) and width > height


def test_every_drawing_is_told_with_its_numbers():
    rng, shown = np.random.default_rng(0), claim([0.1, 0.2, 0.3])
    names, ends = {"low": [1, 2], "mean": [2, 3], "high": [3, 4]}, [0.0, 1.0]
    for ax, told in (
        (plotting.strip(shown), "3 runs from 0.10 to 0.30"),
        (plotting.forest([shown]), "a-b undecided, 0.20 (-0.05 to 0.45), threshold 0.05."),
        (plotting.points([[0, 0], [1, 1], [0, 1]], [0, 1, 1], title="P"), "1 points of class 0"),
        (plotting.boundaries(np.ones((2, 16)), title="B"), "2 networks: class 1 is predicted on"),
        (plotting.fits(ends, rng.random((2, 2)), truth=ends, title="F"), "The truth differs from"),
        (plotting.with_interval([10, 20], **names), "Mean and interval at  10: 2 (1 to 3), 20: 3"),
        (plotting.intervals(["a", "b"], **names, xlabel="", title="I"), "a: 2 (1 to 3). b: 3 (2"),
    ):
        assert told in plotting.described(ax.figure)


def test_stacked_groups_stand_on_each_other_and_are_counted_on_both_sides_of_the_mark():
    groups = {"a": [0.05, 0.15, 0.15, 0.55], "b": [0.15, 0.5]}
    labels = {"mark": 0.5, "xlabel": "output", "ylabel": "rows", "title": "S"}
    ax = plotting.stacked(groups, np.linspace(0, 1, 11), **labels)
    low, high = ax.containers
    assert [bar.get_height() for bar in low] == [1, 2, 0, 0, 0, 1, 0, 0, 0, 0]
    assert [bar.get_y() for bar in high][:3] == [1, 2, 0] and high[1].get_height() == 1
    assert (low[0].get_hatch(), high[0].get_hatch()) == (None, "//")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b"]
    assert ax.lines[0].get_xdata() == [0.5, 0.5] and ax.get_xlim() == (0, 1)
    told = plotting.described(ax.figure)
    assert "a: 1 above 0.5, 3 at or below; from 0.05 to 0.55, median 0.15. b: 0 above" in told
    alone = plotting.stacked({"": [0.2, 0.9]}, [0, 0.5, 1], **labels)
    assert alone.get_legend() is None
    assert "rows: 1 above 0.5, 1 at or below" in plotting.described(alone.figure)


def test_counts_are_shown_and_told_beside_the_law():
    ax = plotting.against_shares([0, 1, 1, 3], [0.1, 0.6, 0.3], xlabel="positives", title="L")
    assert [bar.get_height() for bar in ax.patches] == [0.25, 0.5, 0]
    assert ax.lines[0].get_ydata().tolist() == [0.1, 0.6, 0.3]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["law", "found"]
    told = "L. 0: 25.0%, law 10.0%; 1: 50.0%, law 60.0%; 2: 0.0%, law 30.0%."
    assert told in plotting.described(ax.figure)


def test_reliability_says_how_far_and_on_which_side_of_the_diagonal_a_curve_lies():
    predicted = np.array([0.25, 0.5, 0.75])
    curves = {"raw": (predicted - 0.25, predicted), "right": (predicted, predicted)}
    ax = plotting.reliability(curves, title="R")
    diagonal, raw, right = ax.lines
    assert list(diagonal.get_xdata()) == list(diagonal.get_ydata()) == [0, 1]
    assert raw.get_xdata().tolist() == [0.25, 0.5, 0.75]
    assert raw.get_ydata().tolist() == [0, 0.25, 0.5]
    assert raw.get_linestyle() != right.get_linestyle() and raw.get_marker() != right.get_marker()
    told = plotting.described(ax.figure)
    assert "raw: 0.25 from the diagonal on average, 3 of 3 points below it." in told
    assert "right: 0.00 from the diagonal on average, 0 of 3 points below it." in told


def test_a_prediction_is_kept_and_compared(capsys):
    asked = explore.Prediction("How often?", high=100, step=1)
    asked.compare(27.4)
    asked.control.value = 40
    again = explore.Prediction("How often?", high=100, step=1)
    again.compare(27.4)
    assert (asked.answer, again.answer, again.control.value) == (40, 40, 40)
    assert capsys.readouterr().out.splitlines() == [
        "How often? Measured: 27 (no answer).",
        "How often? Measured: 27 (you said 40).",
    ]
    choice = explore.Prediction("Which?", ["better", "worse"])
    assert choice.answer is None
    choice.control.value = "worse"
    choice.compare("better")
    assert capsys.readouterr().out == "Which? Measured: better (you said worse).\n"
    with pytest.raises(ValueError, match="answer must be one of .* got 'same'"):
        choice.answer = "same"
    with pytest.raises(ValueError, match="answer must be a number from 0 to 100, got 101"):
        again.answer = 101
    assert (choice.answer, again.answer) == ("worse", 40)


def test_a_slider_that_was_not_moved_answers_by_its_button():
    asked = explore.Prediction("Half?")
    button = asked.children[1].children[1]
    button.click()
    assert asked.answer == 0.5


WORDS = {"ylabel": "", "title": ""}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plotting.learning_curves({"a": [1, 2, 3], "b": [1, 2]}, **WORDS), "every k-th"),
        (lambda: plotting.learning_curves({"a": [[1, np.nan], [1, 2]]}, **WORDS), "NaN"),
        (lambda: plotting.points(np.ones((2, 2)), [0, 2], title=""), "labels 0 and 1 alone"),
        (lambda: plotting.boundaries(np.full((1, 4), 1.5), title=""), "probabilities must hold"),
        (lambda: plotting.fits([1, 2], [[1], [2]], title=""), "predictions must have shape"),
        (lambda: plotting.with_interval([1], [2], [1], [3]), "low <= mean <= high"),
        (lambda: plotting.intervals(["a"], [0], [1], [np.nan], xlabel="", title=""), "high must"),
    ],
)
def test_what_would_give_a_wrong_picture_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
    assert not plt.get_fignums()


def test_a_curve_measured_at_every_k_th_epoch_stands_at_its_epochs():
    sparse = np.array([[np.nan, 3.0, np.nan, 5.0]])
    ax = plotting.learning_curves({"train": [1, 2, 3, 4], "a": [3, 5], "b": sparse}, **WORDS)
    assert [line.get_xdata().tolist() for line in ax.lines] == [[1, 2, 3, 4], [2, 4], [2, 4]]
    assert ax.lines[2].get_ydata().tolist() == [3, 5]


def test_boundaries_and_grid_fit_together():
    rows = plotting.grid(20)
    assert rows.shape == (400, 2) and rows.min() == 0 and rows.max() == 1
    ax = plotting.boundaries(np.stack([rows[:, 0], rows[:, 1]]), title="T")
    assert len(ax.collections) == 3  # the shares, and one line for each replicate
    shares = ax.collections[0].get_array()
    assert shares[0, 0] == 0 and shares[-1, -1] == 1 and shares[0, -1] == 0.5


def test_fits_intervals_points_and_bands_draw_on_the_axes_given():
    axes = plotting.figure(2, rows=2).ravel()
    x = np.linspace(0, 1, 5)
    assert plotting.fits(x, np.ones((3, 5)), axes[0], truth=x, title="T") is axes[0]
    assert plotting.points(np.ones((4, 2)), [0, 1, 0, 1], axes[1], title="T") is axes[1]
    band = plotting.with_interval([1, 2], [0, 0], [1, 1], [2, 2], axes[2], name="test", xlabel="n")
    assert band is axes[2] and texts(band) == ["test"]
    names = ["a", "b"]
    ax = plotting.intervals(names, [0, 0], [1, 2], [3, 3], axes[3], xlabel="x", title="T")
    assert ax is axes[3] and [t.get_text() for t in ax.get_yticklabels()] == names


def test_png_is_a_picture_and_lets_go_of_the_figure():
    before = plt.get_fignums()
    picture = plotting.png(plotting.figure())
    assert picture.startswith(b"\x89PNG") and plt.get_fignums() == before


def draw(value):
    ax = plotting.figure()
    ax.plot([0, value])
    return plotting.png(ax), f"The line rises to {value}."


def test_the_slider_draws_anew_and_reads_out():
    play = explore.Slider(draw, [1, 2, 5], 2, "slope")
    first = bytes(play.image.value)
    assert first.startswith(b"\x89PNG") and "slope = 2. The line rises to 2." in play.readout.value
    play.slider.value = 5
    assert (
        bytes(play.image.value) != first and "slope = 5. The line rises to 5." in play.readout.value
    )


def test_the_frames_are_what_the_slider_would_show():
    play = explore.Slider(draw, [1, 2, 5], 2, "slope")
    frames = play.frames()
    assert [(setting, said) for setting, _, said in frames] == [
        (str(value), f"The line rises to {value}.") for value in (1, 2, 5)
    ]
    assert frames[1][1] == bytes(play.image.value) != frames[2][1]
    with pytest.raises(TypeError, match="draw must return"):
        explore.Slider(lambda v: draw(v) if v == 1 else v, [1, 2], 1, "slope").frames()


def test_an_error_in_the_learners_function_is_told_and_the_picture_stays():
    play = explore.Slider(lambda v: draw(v if v < 5 else 1 / 0), [1, 2, 5], 2, "slope")
    first = bytes(play.image.value)
    play.slider.value = 5
    assert bytes(play.image.value) == first and "ZeroDivisionError" in play.readout.value


def test_what_is_no_picture_is_told_in_words_that_survive_html():
    play = explore.Slider(lambda v: draw(v) if v == 1 else (draw(v)[0], v), [1, 2], 1, "slope")
    play.slider.value = 2
    assert "TypeError</b>: draw must return (png, sentence), got" in play.readout.value

    def fails(value):
        if value == 2:
            raise ValueError("1 < 2")
        return draw(value)

    play = explore.Slider(fails, [1, 2], 1, "slope")
    play.slider.value = 2
    assert "1 &lt; 2" in play.readout.value


def test_a_missing_name_at_the_start_is_raised():
    """It then gets the line that says which cell to run; other errors are told in the page."""
    with pytest.raises(NameError, match="settled"):
        explore.Slider(lambda value: settled[value], [1, 2], 1, "slope")  # noqa: F821
    play = explore.Slider(lambda value: value, [1, 2], 1, "slope")
    assert "TypeError</b>: draw must return" in play.readout.value


def test_labels_of_equal_lines_may_have_colours_of_any_kind():
    ax = plotting.figure()
    plotting.label_ends(ax, 1.0, [(0.5, "a", "0.4"), (0.5, "a", (0.0, 0.0, 0.0))])
    assert texts(ax) == ["a", "a"]


def test_where_no_widget_can_be_shown_there_is_a_picture_and_a_sentence():
    bundle, metadata = explore.Slider(draw, [1, 2], 1, "slope")._repr_mimebundle_()
    assert bundle["text/plain"] == "A slider, slope: run the cell to move it."
    assert bundle["image/png"].startswith("iVBOR") and metadata["image/png"] == {
        "width": 760,
        "alt": "slope = 1. The line rises to 1.",
    }


def test_a_start_that_is_no_value_is_refused():
    with pytest.raises(ValueError, match=r"start must be one of \[1, 2\], got 3"):
        explore.Slider(draw, [1, 2], 3, "slope")


def test_bold_runs_draw_five_and_the_truth():
    curves = np.arange(24.0).reshape(8, 3)
    ax = plotting.bold_runs(curves, truth=[1, 2, 3], ylabel="accuracy", title="T")
    assert [line.get_ydata().tolist() for line in ax.lines[1:]] == curves[:5].tolist()
    assert ax.lines[0].get_ydata().tolist() == [1, 2, 3]
    said = "T. 5 curves over 3 epochs. Mean change between epochs 1; they end between 2 and 14."
    assert plotting.described(ax.figure) == said


def test_a_law_is_drawn_through_what_was_measured():
    labels = {"yscale": "log", "ticks": [1, 2], "title": "T"}
    ax = plotting.against_law([1, 10], [1, 0.1], [2, 0.2], [3, 0.3], lambda n: 1 / n, **labels)
    measured, law = ax.lines[-2:]
    assert measured.get_linestyle() == "None" and measured.get_ydata().tolist() == [2, 0.2]
    np.testing.assert_allclose(law.get_ydata(), 1 / law.get_xdata())
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1", "10"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["1", "2"]
    assert "The line (law) differs from the means by at most 1." in plotting.described(ax.figure)


def test_named_lines_end_at_their_names():
    lines = {"a": [1, 2, 3], "b": [30, 20, 10]}
    ax = plotting.named_lines([1, 10, 100], lines, xscale="log", xticks=(1, 100), ylim=(0, 30))
    assert [(t.get_text(), t.xy) for t in ax.texts] == [("a", (100, 3)), ("b", (100, 10))]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1", "100"]
    assert "B from 30 to 10." in plotting.described(ax.figure)


def test_parts_of_an_error_are_stacked_and_told():
    parts = {"line": (1.0, 2.0), "network": (0.5, 4.0)}
    ax = plotting.error_parts(parts, noise=25, title="T")
    widths = [bar.get_width() for bar in ax.patches]
    assert widths == [1.0, 0.5, 2.0, 4.0]
    assert [bar.get_x() for bar in ax.patches] == [0, 0, 1.0, 0.5]
    assert "1.00 + 2.00 = 3.00" in texts(ax) and "25" in ax.get_xlabel()
    assert "network: squared bias 0.50 and variance 4.00 make 4.50." in plotting.described(
        ax.figure
    )


def test_panels_hold_one_set_of_curves_each():
    curves = {name: {"train": np.linspace(0, 1, 5)} for name in ("A", "B", "C")}
    axes = plotting.panels(curves, ylabel="accuracy")
    assert [ax.get_title("left") for ax in axes.flat] == ["A", "B", "C", ""]
    assert not axes.flat[3].axison
    assert plotting.described(axes.flat[0].figure).count("one curve each") == 3


def test_two_borders_say_how_far_two_networks_differ():
    square = plotting.grid(20)
    first, second = (square[:, 0] < edge for edge in (0.3, 0.5))
    ax = plotting.two_borders(first, second, truth=square[:, 1], title="T")
    assert f"differs on {(first != second).mean():.1%}" in plotting.described(ax.figure)
