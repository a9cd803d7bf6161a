"""HTML for people: one file a screen, with a template and a script of the same name."""

from app.web.pages import log_in

ROUTERS = tuple(module.router for module in (log_in,))
