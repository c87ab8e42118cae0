"""The site: Sphinx, MyST, furo."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "_ext"), str(HERE), str(HERE.parent)]

import temporal_loss  # noqa: E402 - the paths come first

project = "temporal_loss"
author = "The temporal_loss maintainers"
project_copyright = f"2026, {author}"
version = release = temporal_loss.__version__

extensions = [
    "clauses",
    "command_help",
    "last_runs",
    "myst_parser",
    "numpydoc",
    "picture",
    "sphinx.ext.autodoc",
    "sphinx_copybutton",
    "sphinx_design",
]
exclude_patterns = ["_build"]
nitpicky = True

myst_enable_extensions = ["attrs_block", "colon_fence", "deflist", "fieldlist", "substitution"]
myst_substitutions = {"release": release}
myst_heading_anchors = 3

numpydoc_show_class_members = False
autodoc_member_order = "bysource"
# The types of arguments are in the docstrings, where shapes and units are too.
autodoc_typehints = "none"

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
copybutton_exclude = ".linenos, .gp, .go"

# furo's own dark style underlines the names of modules.
pygments_dark_style = "github-dark"

html_theme = "furo"
html_title = "temporal_loss"
html_favicon = "_static/favicon.svg"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
# The same in light and dark; a colour-blind reader tells them apart.
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0b5c8f", "color-brand-content": "#0b5c8f"},
    "dark_css_variables": {"color-brand-primary": "#7cc4f0", "color-brand-content": "#7cc4f0"},
}
