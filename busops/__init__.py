"""busops: school transport from the class list to the workbook, with an interlock on every run's close."""

__version__ = "0.1.0"
