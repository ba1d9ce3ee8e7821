// docs/reliability.md, generated from the rows that the tests run.

import { ABORTED } from "./aborts.js";
import { BROKEN, SLOW } from "./connections.js";
import type { Expected, Fault } from "./fault.js";
import { LIMITED } from "./limits.js";
import { FILES, MANIFESTS, THREADS, type MachineFault } from "./machine.js";
import { CERTIFICATES, NAMES, PROXIES, type NetworkFault } from "./network.js";
import { PASSING, REFUSED, STORED } from "./replies.js";

/** The rows that a scripted API plays, by the group that names their tests. */
export const SENDING: [group: string, rows: Fault[]][] = [
  ["confirmation", STORED],
  ["rejected requests", REFUSED],
  ["limits", LIMITED],
  ["transient errors", PASSING],
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

/** The rows about the machine that seeds. */
export const MACHINE: [group: string, rows: MachineFault[]][] = [
  ["files", FILES],
  ["the manifest", MANIFESTS],
  ["threads", THREADS],
];

const INTRODUCTION = `# Reliability

What can go wrong on the build machine and between it and Cloudflare, and how \`seedKvCache\` responds.
Each row is a test that injects the fault, on a real socket or in real files, in \`__test__/sending.test.ts\`,
\`__test__/network.test.ts\` or \`__test__/machine.test.ts\`, under the row's own name. This page is generated
from the same rows, and \`npm test\` checks it.

## What you can rely on

- **The report accounts for every entry.** Each entry of the build is in exactly one place: stored
  (\`kvPairsUploaded\`), not stored (\`notStored\`, by key, with the reason), or skipped before it was sent
  (\`routesSkipped\`). If the outcome of a request is unknown, its entries count as not stored, with
  \`mayBeStored: true\`. An error carries the same report as \`error.report\`.
- **Transient errors are retried**, 8 times at most and for 5 minutes at most. The delay between attempts
  doubles from 0.1 s to 10 s, with up to 100 % jitter (\`retry\`). Storing an entry twice does no harm.
- **Permanent errors are not retried**: a wrong token, a missing namespace, the daily quota, a certificate
  that is not trusted.
- **Requests that are too slow are made smaller**, down to one entry. Sizes that were too slow are tried
  again after 16 successes, in case the network was the cause.
- **A run that cannot succeed stops**: when a batch fails before anything was stored, when three batches fail in a
  row, when 16 entries in a row are rejected one by one, or when 10 requests in a row time out. The remaining entries are reported as not stored.
- **Cloudflare's limits are respected.** A run makes at most 1,100 requests in five minutes (at
  [1,200](https://developers.cloudflare.com/fundamentals/api/reference/limits/), Cloudflare blocks the
  account for five minutes). A pause that Cloudflare asks for pauses all connections, for up to ten minutes
  in total.
- **Every request has timeouts**: 15 s to connect, 60 s without progress, 120 s for the reply, 300 s
  in total (\`timeouts\`).
- **The token goes to \`apiBaseUrl\` only.** Redirects are not followed. No message contains the token, or a
  proxy's user name and password, in clear or in base64.
- **An entry counts as stored only if Cloudflare confirms it.** A success counts only if nothing in the
  reply contradicts it; everything else is retried, and reported with \`mayBeStored: true\` if retrying does not help.
- **Proxies and certificates come from the environment**: HTTPS_PROXY, ALL_PROXY, HTTP_PROXY and NO_PROXY as
  wrangler reads them; SSL_CERT_FILE and SSL_CERT_DIR instead of the system's authorities,
  NODE_EXTRA_CA_CERTS in addition to them. NODE_TLS_REJECT_UNAUTHORIZED=0 is ignored.

## Limits of HTTP/1.1

- Replies are not numbered. If a server, or a proxy before it, answers one request twice, the second
  answer looks like the reply to the next request on that connection. If the extra reply arrives between two requests, it is noticed and the connection is closed. If it arrives while the next request is being
  sent, it is accepted as that request's reply, unless that request is not completely sent yet.
- A request counts as sent once the operating system has accepted it. A few hundred kilobytes fit into its
  buffers, so a 200 that comes before the server has read a small request cannot be distinguished from one
  that comes afterwards.

## Logging

\`VINEXT_SEED_LOG=debug\` prints stages, requests, retries, pauses and splits to standard error, for the
command and the functions alike. \`warn\` prints only failures; \`trace\` also prints each exchange. No
line contains a secret.

The meaning of replies is taken from Cloudflare's API reference and from what its users have reported: 524
for large batches in [workers-sdk #7021](https://github.com/cloudflare/workers-sdk/issues/7021), 429 with
the codes 971 and 10429 in [#6607](https://github.com/cloudflare/workers-sdk/issues/6607). Code 10048 is not
documented; users have reported it since 2025. The tests inject all faults locally; none was provoked at
Cloudflare.

## Faults and outcomes
`;

/** The whole page. */
export function reliabilityPage(): string {
  const sections = [
    ...SENDING.map(([group, rows]) => section(group, rows.map(describe))),
    ...[...NETWORK, ...MACHINE].map(([group, rows]) =>
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
