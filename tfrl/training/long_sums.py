"""Finds the sums in a graph whose bits may differ between processors."""

import tensorflow as tf

from tfrl.components.networks import MOST_ROWS
from tfrl.components.tracing import operations

_PRODUCTS = {"MatMul", "BatchMatMulV2", "BatchMatMulV3"}
_KERNEL_GRADIENTS = {"Conv2DBackpropFilter", "Conv3DBackpropFilterV2"}


def long_sums(function: tf.types.experimental.ConcreteFunction) -> tuple[str, ...]:
    """The products in a function that sum over more than `MOST_ROWS` rows, or an unknown number.

    XLA hands them to Eigen, which cuts such a sum into blocks that fit the processor's first data
    cache. A processor with another cache may then compute other bits. Forward products were not
    seen to differ, but nothing promises that, so they count too.

    Returns:
      a phrase for each such operation, in the order of the graph and without repetitions.
    """
    lengths = ((op, _length(op)) for op in operations(function.graph))
    phrases = [
        f"{op.type} over {'an unknown number of' if length is None else f'{length:,}'} rows"
        for op, length in lengths
        if length is None or length > MOST_ROWS
    ]
    return tuple(dict.fromkeys(phrases))


def _length(op: tf.Operation) -> int | None:
    """How many numbers each sum of an operation is over; None if that is not known."""
    if op.type in _PRODUCTS:
        transposed = op.get_attr("transpose_a" if op.type == "MatMul" else "adj_x")
        shape = op.inputs[0].shape
        return shape[-2 if transposed else -1] if shape.rank else None
    if op.type in _KERNEL_GRADIENTS:
        shape = op.inputs[2].shape  # of the gradient of the output, the channels last
        return shape[:-1].num_elements() if shape.rank else None
    return 0
