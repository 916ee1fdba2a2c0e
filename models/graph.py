"""Writes the encoder as one ONNX graph and quantises it.

Opset 17, with ONNX Runtime's own fused operators (Attention, SkipLayerNormalization, BiasGelu).
Inputs `input_ids` and `attention_mask` (int64, `[batch, sequence]`); output `embedding`
(`[batch, 384]`): the masked mean over the tokens, scaled to length 1.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

from weights import EPSILON, HEADS, HIDDEN

FUSED = "com.microsoft"


class Graph:
    """Collects nodes and initialisers; every node has one output, which is also its name."""

    def __init__(self):
        self.nodes, self.initialisers = [], []

    def constant(self, name, array):
        self.initialisers.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def node(self, operator, inputs, output, domain="", **attributes):
        self.nodes.append(
            helper.make_node(operator, inputs, [output], output, domain=domain, **attributes)
        )
        return output


def build(encoder, path):
    """Saves the float32 graph of `encoder` at `path`."""
    graph = Graph()
    one = graph.constant("one", np.array([1], np.int64))
    hidden = embed(graph, encoder, one)
    graph.node("Cast", ["attention_mask"], "mask32", to=TensorProto.INT32)
    for index, layer in enumerate(encoder.layers):
        hidden = transform(graph, f"layer{index}.", layer, hidden)
    pool(graph, hidden, one)
    shape = ["batch", "sequence"]
    proto = helper.make_graph(
        graph.nodes,
        "encoder",
        [
            helper.make_tensor_value_info(name, TensorProto.INT64, shape)
            for name in ("input_ids", "attention_mask")
        ],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", HIDDEN])],
        graph.initialisers,
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid(FUSED, 1)]
    model = helper.make_model(proto, opset_imports=opsets, producer_name="clubos")
    model.ir_version = 9
    onnx.save(model, path)


def embed(graph, encoder, one):
    graph.constant("words", encoder.words)
    graph.constant("positions", encoder.positions)
    graph.constant("zero", np.array([0], np.int64))
    graph.constant("two", np.array([2], np.int64))
    graph.constant("norm", encoder.norm)
    graph.constant("norm.bias", encoder.norm_bias)
    graph.node("Gather", ["words", "input_ids"], "word")
    graph.node("Shape", ["input_ids"], "shape")
    graph.node("Slice", ["shape", one, "two"], "length")
    graph.node("Slice", ["positions", "zero", "length", "zero"], "position")
    graph.node("Add", ["word", "position"], "sum")
    return graph.node(
        "LayerNormalization", ["sum", "norm", "norm.bias"], "embedded", axis=-1, epsilon=EPSILON
    )


def transform(graph, prefix, layer, hidden):
    for name, array in vars(layer).items():
        graph.constant(prefix + name, array)

    def fused(operator, inputs, constants, output, **attributes):
        names = inputs + [prefix + name for name in constants]
        return graph.node(operator, names, prefix + output, FUSED, **attributes)

    graph.node(
        "Attention", [hidden, prefix + "qkv", prefix + "qkv_bias", "mask32"], prefix + "attended",
        FUSED, num_heads=HEADS,
    )
    mixed = graph.node("MatMul", [prefix + "attended", prefix + "out"], prefix + "mixed")
    middle = fused(
        "SkipLayerNormalization", [mixed, hidden], ["norm1", "norm1_bias", "out_bias"], "middle",
        epsilon=EPSILON,
    )
    wide = graph.node("MatMul", [middle, prefix + "up"], prefix + "wide")
    bent = fused("BiasGelu", [wide], ["up_bias"], "bent")
    narrow = graph.node("MatMul", [bent, prefix + "down"], prefix + "narrow")
    return fused(
        "SkipLayerNormalization", [narrow, middle], ["norm2", "norm2_bias", "down_bias"], "hidden",
        epsilon=EPSILON,
    )


def pool(graph, hidden, one):
    graph.constant("last", np.array([2], np.int64))
    graph.node("Cast", ["attention_mask"], "maskf", to=TensorProto.FLOAT)
    graph.node("Unsqueeze", ["maskf", "last"], "weight")
    graph.node("Mul", [hidden, "weight"], "weighted")
    graph.node("ReduceSum", ["weighted", one], "total", keepdims=0)
    graph.node("ReduceSum", ["weight", one], "count", keepdims=0)
    graph.node("Div", ["total", "count"], "mean")
    graph.node("LpNormalization", ["mean"], "embedding", axis=-1, p=2)


def quantise(source, target):
    """Dynamic int8: weights per channel now, activations at run time.

    The weights are kept to 7 bits: x86 processors without VNNI saturate in 8-bit multiply-adds, and one
    file is to serve every box. Nothing was lost by it (see README.md).
    """
    quantize_dynamic(
        source,
        target,
        op_types_to_quantize=["MatMul", "Attention", "Gather"],
        per_channel=True,
        reduce_range=True,
        weight_type=QuantType.QInt8,
        extra_options={"DefaultTensorType": TensorProto.FLOAT},
    )
