"""HTML for people: one file a screen, with a template and a script of the same name."""

from app.web.pages import help, log_in  # noqa: A004 - the screen's name

ROUTERS = tuple(module.router for module in (log_in, help))
