"""Pages and the JSON interface: parse, call a service, render. No rule of transport lives here."""
