# SPDX-License-Identifier: Apache-2.0
"""A plot of time against the size of the catalogue."""
from tests.bench import table

#: What is drawn: title of a request, colour.
_DRAWN = {
    'list of 25': 'tab:blue',
    'list by tag': 'tab:green',
    'list of 3 shared images': 'tab:orange',
    'list of 25 near the end': 'tab:red',
    'show': 'tab:purple',
}
_STYLES = {table.OURS: 'o-', table.PEER: 's:'}


def draw(sizes, path):
    """Write the plot of ``sizes``, results of a catalogue, as PNG."""
    # Only who draws needs it.
    import matplotlib
    matplotlib.use('Agg')
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 5), layout='constrained')
    names = sorted(sizes, key=int)
    for title, colour in _DRAWN.items():
        for service, style in _STYLES.items():
            points = [(int(name), sizes[name][title][service]['p50'])
                      for name in names
                      if service in sizes[name].get(title, {})]
            if points:
                axes.plot(*zip(*points), style, color=colour,
                          label=f'{title}, {service}')
    axes.set(xscale='log', yscale='log', xlabel='images in the catalogue',
             ylabel='median time of a request, ms')
    axes.grid(alpha=.3)
    figure.legend(loc='outside right center', fontsize='small')
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
