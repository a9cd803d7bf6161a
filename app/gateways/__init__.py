"""SMS and USSD providers, one file each. To add one: a module here and a line in ``registry.py``, or data alone for ``generic``."""
