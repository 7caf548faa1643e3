// What the pages with graphs use, as the global Graphs.
import { Graph, layout } from "@dagrejs/dagre";
import { select } from "d3-selection";
import { zoom, zoomIdentity } from "d3-zoom";
globalThis.Graphs = { Graph, layout, select, zoom, zoomIdentity };
