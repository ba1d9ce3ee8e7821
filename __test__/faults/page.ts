// docs/reliability.md, made of the rows that the tests run.

import { ABORTED } from "./aborts.js";
import { BROKEN, SLOW } from "./connections.js";
import type { Expected, Fault } from "./fault.js";
import { LIMITED } from "./limits.js";
import { CERTIFICATES, NAMES, PROXIES, type NetworkFault } from "./network.js";
import { PASSING, REFUSED, STORED } from "./replies.js";

/** The rows that a scripted API plays, by the group that names their tests. */
export const SENDING: [group: string, rows: Fault[]][] = [
  ["what is stored", STORED],
  ["what is refused", REFUSED],
  ["limits", LIMITED],
  ["what passes", PASSING],
  ["broken connections", BROKEN],
  ["slow connections", SLOW],
  ["cancellation", ABORTED],
];

/** The rows that need an environment of their own. */
export const NETWORK: [group: string, rows: NetworkFault[]][] = [
  ["certificates", CERTIFICATES],
  ["proxies", PROXIES],
  ["names", NAMES],
];

const INTRODUCTION = `# Reliability

What goes wrong between a deploy and Cloudflare, and what \`seedKvCache\` does about it. Each row is a
test that plays the fault on a real socket, in \`__test__/sending.test.ts\` or
\`__test__/network.test.ts\` under the row's own name; this page is made of the same rows and checked by
\`npm test\`.

## What you can rely on

- **The report is the truth.** Every entry of the build is in exactly one place: stored
  (\`kvPairsUploaded\`), not stored (\`notStored\`, by key, with the reason), or skipped before it was sent
  (\`routesSkipped\`). If nobody said what became of a request, its entries are not stored with
  \`mayBeStored: true\`. An error carries the same report as \`error.report\`.
- **What may pass is tried again**, 8 times at most and for 5 minutes at most, after waits that double
  from 0.1 s to 10 s with as much again at random (\`retry\`). Storing an entry twice does no harm.
- **What will not pass is not tried again**: a wrong token, a missing namespace, the daily quota, a
  certificate that is not trusted.
- **What is too slow is made smaller**, down to one entry. Sizes that were too slow are tried again after
  16 successes, in case it was the network.
- **A run without prospect ends**: when a batch is given up before anything was stored, when
  three are given up in a row, when 16 entries in a row are refused one by one, or when 10 requests in a
  row time out. The rest is reported as not stored.
- **Cloudflare's limits are kept.** A run makes at most 1,100 requests in five minutes
  ([1,200](https://developers.cloudflare.com/fundamentals/api/reference/limits/) is where Cloudflare
  blocks the account for five minutes), and a pause that is asked for holds back all connections, up to
  ten minutes in total.
- **No request waits for ever**: 15 s to connect, 60 s without anything sent, 120 s for the reply, 300 s
  in total (\`timeouts\`).
- **The token goes to \`apiBaseUrl\` only**, redirects are not followed, and neither it nor a proxy's user
  name and password is in any message, in clear or in base64.
- **Stored means that Cloudflare said so.** A success counts only if nothing in the reply contradicts it;
  everything else is sent again, and reported with \`mayBeStored: true\` if it is given up.
- **Proxies and certificates are those of the environment**: HTTPS_PROXY, ALL_PROXY, HTTP_PROXY and
  NO_PROXY as wrangler reads them; SSL_CERT_FILE and SSL_CERT_DIR instead of the system's authorities,
  NODE_EXTRA_CA_CERTS besides them. NODE_TLS_REJECT_UNAUTHORIZED=0 is not obeyed.

## What HTTP/1.1 cannot tell

- Replies have no number. If a server, or a proxy before it, answers one request twice, the second
  answer reads like one to the next request on that connection. A surplus answer that arrives between two
  requests is noticed, and the connection is closed; one that arrives while the next request is being
  sent is taken for its reply, unless that request is not sent completely yet.
- A request counts as sent once the operating system has taken it. A few hundred kilobytes fit into its
  buffers, so a 200 that comes before the server has read a small request cannot be told from one that
  comes afterwards.

## Seeing what a run does

\`VINEXT_SEED_LOG=debug\` prints stages, requests, retries, pauses and splits to standard error, of the command
and of the functions alike; \`warn\` prints only why a run ends, \`trace\` also each exchange. No line contains a
secret.

What replies mean is taken from Cloudflare's API reference and from what its users have met: 524 for
large batches in [workers-sdk #7021](https://github.com/cloudflare/workers-sdk/issues/7021), 429 with the
codes 971 and 10429 in [#6607](https://github.com/cloudflare/workers-sdk/issues/6607). Code 10048 is not
documented; users report it since 2025. All faults are played on this machine; nothing here was provoked
at Cloudflare.

## What goes wrong, and what comes of it
`;

/** The whole page. */
export function reliabilityPage(): string {
  const sections = [
    ...SENDING.map(([group, rows]) => section(group, rows.map(describe))),
    ...NETWORK.map(([group, rows]) =>
      section(
        group,
        rows.map(({ fault, behaviour }) => [fault, behaviour, ""]),
      ),
    ),
  ];
  return `${INTRODUCTION}\n${sections.join("\n")}`;
}

function section(group: string, rows: string[][]): string {
  const hasNumbers = rows.some(([, , numbers]) => numbers !== "");
  const head = ["Fault", "Behaviour", ...(hasNumbers ? ["In the test"] : [])];
  const lines = [head, head.map(() => "---"), ...rows.map((row) => row.slice(0, head.length))];
  const title = group.charAt(0).toUpperCase() + group.slice(1);
  return `### ${title}\n\n${lines.map((cells) => `| ${cells.join(" | ")} |\n`).join("")}`;
}

function describe({ fault, behaviour, entries = 4, expected }: Fault): string[] {
  return [fault, behaviour, numbers(entries, expected)];
}

function numbers(entries: number, { stored, inDoubt, code, requests }: Expected): string {
  const [fewest, most] = [requests].flat();
  const made = most === undefined ? String(fewest) : `${fewest} to ${most}`;
  return [
    `${stored} of ${entries} stored`,
    ...(inDoubt === undefined ? [] : [`${inDoubt} in doubt`]),
    `${made} ${made === "1" ? "request" : "requests"}`,
    ...(code === undefined ? [] : [`\`${code}\``]),
  ].join(", ");
}
