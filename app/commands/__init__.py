"""One file a command: ``add_arguments`` and ``run``. ``app.cli`` lists them."""
