"""Pictures of runs, checkpoints and specs: what is drawn, gathered from their files, their data and their networks.

``origin`` is what a picture is of, ``catalogue_of_pictures`` what there is to draw; ``drawing`` draws it. Knows nothing
of terminals.
"""
