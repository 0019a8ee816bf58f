"""The site: Sphinx with MyST and Furo. scripts/docs builds it."""

import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "docs" / "_ext"))

project = "dstok"
author = "the authors of dstok"
release = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))["workspace"]["package"]["version"]
version = release
html_title = f"dstok {release}"

extensions = ["myst_parser", "repository_links", "sphinx_copybutton"]
exclude_patterns = ["_build", "_ext"]

myst_enable_extensions = ["colon_fence", "deflist"]
# Readers link to every heading down to this level, as GitHub spells it.
myst_heading_anchors = 3
nitpicky = True

# A block without a language is code or output, never to be guessed at.
highlight_language = "text"
copybutton_prompt_text = "$ "
copybutton_line_continuation_character = "\\"
copybutton_here_doc_delimiter = "EOF"

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["dstok.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
