"""Settings of Sphinx. Nothing here may ask another computer for anything."""

from stage import ROOT, citation

_cite = citation(ROOT)
project = html_title = _cite["title"].partition("?")[0] + "?"
author, version = _cite["authors"], _cite["version"]
copyright = f"{author}. Text and figures: CC BY 4.0. Code: MIT"
language = "en"
extensions = ["myst_nb", "extension"]
root_doc = "index"

nb_execution_mode = "off"
nb_merge_streams = True
myst_enable_extensions = ["dollarmath", "deflist"]
myst_heading_anchors = 4
html_math_renderer = "mathml"

html_theme = "pydata_sphinx_theme"
html_static_path = [str(ROOT / "site" / "static")]
html_favicon = str(ROOT / "site" / "static" / "icon.svg")
html_css_files = ["course.css"]
html_js_files = [("course.js", {"defer": "defer"})]
html_copy_source = html_show_sourcelink = html_show_search_summary = html_use_index = False
html_context = {"default_mode": "auto"}
html_sidebars = {"*": [], "claims/*": []}
html_sidebars |= dict.fromkeys(["notebooks/*", "class/*/*"], ["sidebar-nav-bs"])
html_theme_options = {
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "navbar_persistent": ["search-button"],  # a field of its own is no landmark
    "search_bar_text": "Search the course",
    "header_links_before_dropdown": 6,
    "secondary_sidebar_items": {
        "notebooks/*": ["page-toc"],
        "class/*/*": ["page-toc"],
        "*": [],
        "claims/*": [],
    },
    "show_toc_level": 2,
    "show_prev_next": False,
    "back_to_top_button": False,
    "article_header_start": [],
    "footer_start": ["copyright"],
    "footer_end": [],
}
