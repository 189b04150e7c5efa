"""Charts: a frame in, a `plotly.graph_objects.Figure` out. Colours stand only in `theme`."""
