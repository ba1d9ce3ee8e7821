// Draws the charts of a run with Vega. A contender that failed gets no bar.

import * as vega from "vega";
import { compile } from "vega-lite";
import { CONTENDERS } from "./contenders.js";
import { secondsOf } from "./report.js";
import { SIZES } from "./sizes.js";
import { medianOf } from "./statistics.js";

const MEBIBYTE = 1024 * 1024;

/**
 * How long each contender takes for each size, on a logarithmic scale.
 * @param {{ [size: string]: import("./compete.js").Competition }} sizes
 */
export function timesChart(sizes) {
  const heading = (/** @type {string} */ size, /** @type {number} */ routes) =>
    `${size}: ${routes.toLocaleString("en")} routes`;
  const values = Object.entries(sizes).flatMap(([size, { routes, contenders }]) =>
    Object.entries(contenders).flatMap(([name, result]) => {
      const seconds = secondsOf(result);
      if (seconds === undefined || result.failed !== undefined) return [];
      const { title } = CONTENDERS[/** @type {keyof typeof CONTENDERS} */ (name)];
      return { size: heading(size, routes), title, seconds };
    }),
  );
  const inOrder = Object.keys(SIZES).filter((size) => size in sizes);
  const headings = inOrder.map((size) => heading(size, sizes[size]?.routes ?? 0));
  const order = Object.values(CONTENDERS).map(({ title }) => title);
  return draw({
    data: { values },
    facet: { row: { field: "size", type: "nominal", title: null, sort: headings, header: LEFT } },
    // No empty row for who did not run or failed.
    resolve: { scale: { y: "independent" } },
    spec: {
      width: 420,
      height: { step: 16 },
      layer: [
        { mark: { type: "bar" }, encoding: { x2: { datum: SHORTEST_SECONDS } } },
        { mark: { type: "text", align: "left", dx: 3 }, encoding: { text: LABEL } },
      ],
      encoding: {
        y: { field: "title", type: "nominal", title: null, sort: order },
        x: {
          field: "seconds",
          type: "quantitative",
          stack: null,
          scale: SECONDS,
          title: "seconds (log scale)",
        },
        color: { field: "title", type: "nominal", sort: order, legend: null },
      },
    },
  });
}

const COMMON = { background: "white", config: { axis: { labelLimit: 320 } } };

/** Where bars begin: a logarithmic scale has no zero. */
const SHORTEST_SECONDS = 0.01;

const SECONDS = /** @type {const} */ ({ type: "log", domainMin: SHORTEST_SECONDS });
const LEFT = /** @type {const} */ ({
  labelAngle: 0,
  labelAlign: "left",
  labelOrient: "top",
  labelFontWeight: "bold",
});
const LABEL = /** @type {const} */ ({ field: "seconds", type: "quantitative", format: ".2~f" });

/**
 * Time and memory over the number of routes.
 * @param {import("./scaling.js").ScalingPoint[]} points
 */
export function scalingChart(points) {
  const values = points.map(({ routes, runs, idle }) => ({
    routes,
    seconds: medianOf(runs, "callSeconds"),
    megabytes: ((medianOf(runs, "peakBytes") ?? 0) - (medianOf(idle, "peakBytes") ?? 0)) / MEBIBYTE,
  }));
  const x = {
    field: "routes",
    type: "quantitative",
    scale: { type: "log" },
    title: "routes of 1 KB",
    axis: { format: "~s" },
  };
  const line = { type: "line", point: true };
  const panel = (
    /** @type {string} */ field,
    /** @type {string} */ title,
    /** @type {object} */ scale,
  ) => ({
    width: 320,
    height: 220,
    mark: line,
    encoding: { x, y: { field, type: "quantitative", title, scale } },
  });
  return draw({
    data: { values },
    hconcat: [
      panel("seconds", "seconds of the call (log scale)", { type: "log" }),
      panel("megabytes", "peak MB over idle Node", { zero: true }),
    ],
  });
}

/**
 * @param {object} specification of Vega-Lite
 * @returns {Promise<string>}
 */
function draw(specification) {
  const { spec } = compile(/** @type {any} */ ({ ...COMMON, ...specification }));
  return new vega.View(vega.parse(spec), { renderer: "none" }).toSVG();
}
