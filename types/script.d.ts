/**
 * How a script ended.
 * @typedef {object} ScriptEnd
 * @property {unknown} [message] its message, if `isAsked`
 * @property {number | null} [code] its exit code
 * @property {string} [problem] why there is neither: the rest of a sentence that begins with "it"
 * @property {string} stdout
 * @property {string} stderr
 */
/**
 * @param {string} script run with this Node and without a shell
 * @param {string[]} args
 * @param {object} how
 * @param {string} how.cwd
 * @param {NodeJS.ProcessEnv} how.env
 * @param {number} how.timeoutMs
 * @param {AbortSignal} [how.signal]
 * @param {boolean} [how.isAsked] whether it answers with one message, which ends it
 * @returns {Promise<ScriptEnd>} rejects only if the signal is aborted
 */
export function runScript(script: string, args: string[], { cwd, env, timeoutMs, signal, isAsked }: {
    cwd: string;
    env: NodeJS.ProcessEnv;
    timeoutMs: number;
    signal?: AbortSignal | undefined;
    isAsked?: boolean | undefined;
}): Promise<ScriptEnd>;
/**
 * Starts a script in its own process group, so that it can be ended with all its children.
 * @param {string} script run with this Node and without a shell
 * @param {string[]} args
 * @param {{ cwd: string, env: NodeJS.ProcessEnv, isAsked?: boolean,
 *   serialization?: "json" | "advanced" }} how `isAsked`: whether it sends messages, and then ends when this
 *   process does (`lifeline.js`); `advanced` messages may have bytes
 */
export function spawnScript(script: string, args: string[], { cwd, env, isAsked, serialization }: {
    cwd: string;
    env: NodeJS.ProcessEnv;
    isAsked?: boolean;
    serialization?: "json" | "advanced";
}): import("child_process").ChildProcess;
/**
 * Keeps the end of a stream.
 * @param {import("node:stream").Readable | null} stream
 * @returns {() => string}
 */
export function tail(stream: import("node:stream").Readable | null): () => string;
/**
 * Ends a script and everything it has started. On Windows, children of a script that has already
 * ended are not found.
 * @param {import("node:child_process").ChildProcess} child
 */
export function endScript(child: import("node:child_process").ChildProcess): void;
/**
 * How a script ended.
 */
export type ScriptEnd = {
    /**
     * its message, if `isAsked`
     */
    message?: unknown;
    /**
     * its exit code
     */
    code?: number | null | undefined;
    /**
     * why there is neither: the rest of a sentence that begins with "it"
     */
    problem?: string | undefined;
    stdout: string;
    stderr: string;
};
