"""Have nbval compare cells by the rules of `tools.compare`."""

from nbval.plugin import IPyNbCell

from tools.compare import Cell

pytest_plugins = ["tests.slow_record"]


def pytest_itemcollected(item):
    """Give a notebook's cell our comparisons."""
    if type(item) is IPyNbCell:
        item.__class__ = Cell
