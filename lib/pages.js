// Reads the option `pages`: asks its iterator for pages as the native code has room for them, and checks
// each.
//
// Invariants: the native code gets copies, so an iterator may use a buffer again. Asking never rejects.

import { invalidOption } from "./options/check.js";
import { textOf } from "./thrown.js";

/** How much is passed on at a time: more calls would take longer than the pages. */
const MAX_PAGES = 64;
const MAX_BYTES = 512 * 1024;

/** The longest part of a pathname that a message shows, in characters. */
const MAX_SHOWN = 200;

const MEMBERS = new Set([
  ...["pathname", "route", "html", "rsc", "status", "headers", "tags"],
  ...["revalidate", "expire", "stale"],
]);

const NOT_ITERABLE = "must be an iterable or an async iterable of pages";

/**
 * Runs with the pages of the options, if they have any.
 * @template {{ root?: unknown, pages?: unknown, buildId?: unknown }} Options
 * @template Result
 * @param {Options} options
 * @param {(options: Options) => Promise<Result>} run
 * @returns {Promise<Result>}
 */
export async function runWithPages(options, run) {
  const pages = options?.pages ?? undefined;
  if (pages === undefined) {
    if ((options?.buildId ?? undefined) !== undefined) {
      throw invalidOption("buildId", "has a meaning only with `pages`");
    }
    return run(options);
  }
  const source = new PageSource(pages);
  try {
    return await run({ ...options, root: options.root ?? ".", pages: () => source.next() });
  } catch (error) {
    if (source.thrown !== undefined && /** @type {any} */ (error)?.code === "PAGES_FAILED") {
      /** @type {any} */ (error).cause = source.thrown.value;
    }
    throw error;
  } finally {
    source.close();
  }
}

/** An iterator whose pages are checked. */
class PageSource {
  /** @type {{ value: unknown } | undefined} what the iterator threw */
  thrown;
  /** @type {Iterator<unknown> | AsyncIterator<unknown> | undefined} */
  #iterator;
  #count = 0;
  #isOver = false;

  /** @param {unknown} pages */
  constructor(pages) {
    this.begin = beginning(pages);
  }

  /**
   * The next pages, and what ended them.
   * @returns {Promise<import("../index.js").NativePages>}
   */
  async next() {
    /** @type {import("../index.js").NativePage[]} */
    const pages = [];
    let bytes = 0;
    while (pages.length < MAX_PAGES && bytes < MAX_BYTES) {
      let page;
      try {
        this.#iterator ??= this.begin();
        const result = await this.#iterator.next();
        this.#isOver = result.done === true;
        // As `for await` does for an iterable of promises.
        page = await result.value;
      } catch (thrown) {
        this.thrown = { value: thrown };
        this.#isOver = true;
        const after = `the iterator of \`pages\` threw after ${this.#count} pages`;
        return { pages, isOver: true, failure: `${after}: ${textOf(thrown)}` };
      }
      if (this.#isOver) return { pages, isOver: true };
      this.#count += 1;
      try {
        const read = readPage(page);
        bytes += read.html.length + (read.rsc?.length ?? 0);
        pages.push(read);
      } catch (error) {
        return { pages, isOver: true, invalid: `page ${this.#count}${textOf(error)}` };
      }
    }
    return { pages, isOver: false };
  }

  /** Ends an iterator that has not come to its end, as leaving a `for await` does. */
  close() {
    if (this.#isOver || this.#iterator === undefined) return;
    this.#isOver = true;
    // A pending iterator ends when its promise settles; that is not awaited here.
    const iterator = this.#iterator;
    void (async () => iterator.return?.())().catch(() => {});
  }
}

/**
 * @param {unknown} pages
 * @returns {() => Iterator<unknown> | AsyncIterator<unknown>}
 */
function beginning(pages) {
  const given = /** @type {any} */ (pages);
  const isObject = typeof pages === "object" || typeof pages === "function";
  if (isObject && typeof given[Symbol.asyncIterator] === "function") {
    return () => given[Symbol.asyncIterator]();
  }
  if (isObject && typeof given[Symbol.iterator] === "function") {
    return () => given[Symbol.iterator]();
  }
  throw invalidOption("pages", `${NOT_ITERABLE}, not ${kindOf(pages)}`);
}

/**
 * @param {any} page
 * @returns {import("../index.js").NativePage}
 * @throws an error whose message follows the page's number
 */
function readPage(page) {
  if (page === null || typeof page !== "object") {
    throw new Error(` must be an object, not ${kindOf(page)}`);
  }
  const { pathname, html, rsc, status } = page;
  if (typeof pathname !== "string") {
    throw new Error(`: \`pathname\` must be a string, not ${kindOf(pathname)}`);
  }
  const wrong = (/** @type {string} */ problem) =>
    new Error(` (${pathname.slice(0, MAX_SHOWN)}): ${problem}`);
  const problem = pathnameProblem(pathname);
  if (problem !== undefined) throw wrong(`\`pathname\` ${problem}`);
  for (const name of Object.keys(page)) {
    if (!MEMBERS.has(name))
      throw wrong(`\`${name.slice(0, MAX_SHOWN)}\` is not a member of a page`);
  }
  const isStatus = Number.isInteger(status) && status >= 200 && status <= 599;
  if ((status ?? undefined) !== undefined && !isStatus) {
    throw wrong("`status` must be a whole number from 200 to 599");
  }
  const isRedirect = status >= 300 && status < 400;
  const content = contentOf(html, "html", wrong);
  // A redirect has no document.
  if (content === undefined && !isRedirect) throw wrong("`html` is missing");
  if (content?.length === 0 && !isRedirect) throw wrong("`html` is empty");
  const pattern = optionalText(page.route, "route", wrong);
  const route = {
    route: pattern ?? pathname,
    path: pattern === undefined ? undefined : pathname,
    status: "rendered",
    router: "app",
    revalidate: seconds(page.revalidate, "revalidate", wrong) ?? false,
    expire: seconds(page.expire, "expire", wrong),
    stale: seconds(page.stale, "stale", wrong),
    tags: tagsOf(page.tags, wrong),
    headers: headersOf(page.headers, wrong),
    responseStatus: isStatus && status !== 200 ? status : undefined,
  };
  const payload = contentOf(rsc, "rsc", wrong);
  return { route: JSON.stringify(route), html: content ?? "", rsc: payload };
}

/**
 * @typedef {(problem: string) => Error} Wrong
 */

/** @param {string} pathname */
function pathnameProblem(pathname) {
  if (!pathname.startsWith("/")) return "does not begin with /";
  if (!pathname.isWellFormed()) return "has half of a surrogate pair, which no request can have";
  if (/[?#]/u.test(pathname)) return "has a query or a fragment, which keys do not have";
  try {
    for (const segment of pathname.split("/")) decodeURIComponent(segment);
  } catch {
    return "is not valid percent-encoding";
  }
  return undefined;
}

/**
 * @param {unknown} content
 * @param {string} member
 * @param {Wrong} wrong
 */
function contentOf(content, member, wrong) {
  if (content === undefined || content === null) return undefined;
  if (typeof content === "string") return content;
  if (content instanceof Uint8Array) return Buffer.from(content);
  if (content instanceof ArrayBuffer) return Buffer.from(content.slice(0));
  throw wrong(`\`${member}\` must be a string or bytes (a Uint8Array), not ${kindOf(content)}`);
}

/**
 * @param {unknown} text
 * @param {string} member
 * @param {Wrong} wrong
 */
function optionalText(text, member, wrong) {
  if (text === undefined || text === null) return undefined;
  if (typeof text === "string" && text.isWellFormed()) return text;
  throw wrong(`\`${member}\` must be a well-formed string`);
}

/**
 * @param {unknown} value
 * @param {string} member
 * @param {Wrong} wrong
 */
function seconds(value, member, wrong) {
  // `Infinity` is how vinext says "never".
  if (value === undefined || value === null || value === false || value === Infinity) {
    return undefined;
  }
  if (typeof value === "number" && value > 0) return value;
  const shown = typeof value === "number" ? String(value) : kindOf(value);
  throw wrong(`\`${member}\` must be a positive number of seconds, or false, not ${shown}`);
}

/**
 * @param {unknown} tags
 * @param {Wrong} wrong
 */
function tagsOf(tags, wrong) {
  if (tags === undefined || tags === null) return undefined;
  const isTag = (/** @type {unknown} */ tag) => typeof tag === "string" && tag.isWellFormed();
  if (Array.isArray(tags) && tags.every(isTag)) return tags;
  throw wrong("`tags` must be an array of well-formed strings");
}

/**
 * Headers by their lower-case names. Which are allowed is for the native code to say.
 * @param {any} headers an object, or a `Headers`
 * @param {Wrong} wrong
 */
function headersOf(headers, wrong) {
  if (headers === undefined || headers === null) return undefined;
  if (typeof headers !== "object")
    throw wrong(`\`headers\` must be an object, not ${kindOf(headers)}`);
  const entries =
    typeof headers.entries === "function" ? headers.entries() : Object.entries(headers);
  /** @type {Map<string, string | string[]>} */
  const read = new Map();
  for (const [name, value] of entries) {
    const values = Array.isArray(value) ? value : [value];
    if (!values.every((one) => typeof one === "string" && one.isWellFormed())) {
      throw wrong(`the header "${name}" must be a well-formed string, or an array of them`);
    }
    const lowerCase = String(name).toLowerCase();
    if (read.has(lowerCase)) throw wrong(`the header "${lowerCase}" is given twice`);
    read.set(lowerCase, value);
  }
  return Object.fromEntries(read);
}

/** @param {unknown} value */
function kindOf(value) {
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : typeof value;
}
