// What the page of charts uses, as the global Plot.
import * as Plot from "@observablehq/plot";
globalThis.Plot = { barY: Plot.barY, barX: Plot.barX, axisX: Plot.axisX, axisY: Plot.axisY, cell: Plot.cell, dot: Plot.dot, gridX: Plot.gridX, gridY: Plot.gridY, lineY: Plot.lineY, areaY: Plot.areaY, pointerX: Plot.pointerX, pointer: Plot.pointer, tip: Plot.tip, plot: Plot.plot, ruleY: Plot.ruleY, ruleX: Plot.ruleX, text: Plot.text, legend: Plot.legend };
