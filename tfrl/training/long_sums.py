"""Detection of sums whose bits may differ between processors."""

import tensorflow as tf

from tfrl.components.networks import MAX_ROWS
from tfrl.components.tracing import operations

_PRODUCTS = {"MatMul", "BatchMatMulV2", "BatchMatMulV3"}
_KERNEL_GRADIENTS = {"Conv2DBackpropFilter", "Conv3DBackpropFilterV2"}


def long_sums(function: tf.types.experimental.ConcreteFunction) -> tuple[str, ...]:
    """Returns the products that sum over more than `MAX_ROWS` rows or an unknown number of rows.

    XLA passes them to Eigen, which splits such a sum into blocks that fit the processor's L1 data
    cache. A processor with a different cache may then compute different bits. No forward product
    was seen to differ, but this is not guaranteed, so forward products are included.

    Returns:
      a phrase for each operation, such as "MatMul over 1,024 rows", in the order of the graph and
      without duplicates.
    """
    lengths = ((op, _length(op)) for op in operations(function.graph))
    phrases = [
        f"{op.type} over {'an unknown number of' if length is None else f'{length:,}'} rows"
        for op, length in lengths
        if length is None or length > MAX_ROWS
    ]
    return tuple(dict.fromkeys(phrases))


def _length(op: tf.Operation) -> int | None:
    """Returns the number of terms in each sum of an operation; None if it is unknown."""
    if op.type in _PRODUCTS:
        transposed = op.get_attr("transpose_a" if op.type == "MatMul" else "adj_x")
        shape = op.inputs[0].shape
        return shape[-2 if transposed else -1] if shape.rank else None
    if op.type in _KERNEL_GRADIENTS:
        shape = op.inputs[2].shape  # of the output's gradient, channels last
        return shape[:-1].num_elements() if shape.rank else None
    return 0
