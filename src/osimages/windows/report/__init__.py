"""Pages for people: the fleet report and the dashboard, made of templates, with charts as inline SVG and no script."""
