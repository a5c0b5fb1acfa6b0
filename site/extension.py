"""What Sphinx lacks: formulas without a script, and "Going further" folded."""

from cells import FURTHER
from docutils import nodes
from latex2mathml.converter import convert


def _inline(self, node):
    self.body.append(convert(node.astext()))
    raise nodes.SkipNode


def _block(self, node):
    formula = convert(node.astext(), display="block")
    self.body.append(f'<div class="formula">{formula}</div>')
    raise nodes.SkipNode


def fold(app, tree):
    """Fold what follows the first paragraph of the section "Going further".

    Parameters
    ----------
    app : sphinx.application.Sphinx
    tree : docutils.nodes.document
    """
    for section in tree.findall(nodes.section):
        if section[0].astext() == FURTHER:
            told = 2 if len(section) > 1 and isinstance(section[1], nodes.paragraph) else 1
            parts = sum(isinstance(child, nodes.section) for child in section[told:])
            opening = f'<details class="further"><summary>Show the {parts} sections</summary>'
            section.insert(told, nodes.raw("", opening, format="html"))
            section.append(nodes.raw("", "</details>", format="html"))


def setup(app):
    """Tell Sphinx what is here."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    app.connect("doctree-read", fold)
    app.config.html_extra_path = [str(app.srcdir / "extra")]  # a relative one starts at conf.py
    return {"parallel_read_safe": True, "parallel_write_safe": True}
