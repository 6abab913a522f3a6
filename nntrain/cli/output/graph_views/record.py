"""The graph as one object for JSON: nodes in order of evaluation, edges from the output back."""

from typing import Any

from nntrain.graph.agreement import checks
from nntrain.graph.trace import Trace


def record(trace: Trace, title: str) -> dict[str, Any]:
    """Return everything a trace knows, in plain types."""
    nodes, found = trace.graph.nodes, checks(trace)
    return {
        "title": title,
        "formula": str(trace.graph),
        "output": nodes[trace.graph.output].symbol,
        "nodes": [
            {
                "symbol": node.symbol,
                "expression": node.expression,
                "operation": node.operation.name if node.operation else None,
                "inputs": [nodes[i].symbol for i in node.inputs],
                "shape": list(trace.values[node.index].shape),
                "value": trace.values[node.index],
                "gradient": trace.gradients[node.index] if node.varies else None,
                "numeric": check.numeric if check else None,
                "error": check.error if check else None,
                "at_kink": check.tied if check else None,
            }
            for node, check in zip(nodes, found, strict=True)
        ],
        "edges": [
            {
                "from": nodes[edge.source].symbol,
                "to": nodes[edge.target].symbol,
                "position": edge.position,
                "derivative": edge.derivative,
                "chain": edge.chain,
                "local": edge.local,
                "upstream": edge.upstream,
                "contribution": edge.contribution,
                "rule": edge.rule,
            }
            for edge in trace.edges
        ],
    }
