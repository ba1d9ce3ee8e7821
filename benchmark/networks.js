// The networks of the benchmark, as the behaviour of the sink at the other end.

/** Sink options of each network. */
export const NETWORKS = /** @type {const} @satisfies {Record<string, string[]>} */ ({
  loopback: [],
  // An API 50 ms away, each connection with 160 Mbit/s.
  wan: ["--delay-ms", "50", "--bytes-per-second", "20000000"],
  lossy: ["--delay-ms", "50", "--bytes-per-second", "20000000", "--fail-percent", "2"],
});

/** @typedef {keyof typeof NETWORKS} NetworkName */
