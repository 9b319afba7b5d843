"""Arrays with names, as MATLAB, HDF5 and pickles hold them: which are signals, labels and times."""
