/**
 * @typedef {object} ApiProcess
 * @property {string} baseUrl
 * @property {() => Promise<void>} close when all is written
 * @property {() => void} kill at once
 */
/**
 * @param {import("./server.js").LocalApiOptions} options
 * @param {object} how
 * @param {AbortSignal} [how.signal]
 * @param {() => void} how.onNoSpace called when its disk has no space left
 * @returns {Promise<ApiProcess>}
 */
export function startLocalApiProcess(options: import("./server.js").LocalApiOptions, { signal, onNoSpace }: {
    signal?: AbortSignal | undefined;
    onNoSpace: () => void;
}): Promise<ApiProcess>;
export type ApiProcess = {
    baseUrl: string;
    /**
     * when all is written
     */
    close: () => Promise<void>;
    /**
     * at once
     */
    kill: () => void;
};
