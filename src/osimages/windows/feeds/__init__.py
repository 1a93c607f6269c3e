"""The catalogue as JSON, CSV, Atom and iCalendar."""
