/**
 * Starts the API.
 * @param {LocalApiOptions} options
 * @returns {Promise<LocalApi>}
 */
export function startLocalApi(options: LocalApiOptions): Promise<LocalApi>;
export { FREE_PLAN } from "../kv-free-plan.js";
export type LocalApiOptions = {
    /**
     * wrangler's `--persist-to` directory, such as `.wrangler/state`
     */
    persistTo: string;
    /**
     * the namespaces that exist
     */
    namespaceIds: string[];
    /**
     * the token that requests must carry
     */
    apiToken: string;
    /**
     * a project, whose own Miniflare is used; default: the current directory
     */
    root?: string | undefined;
    /**
     * default: any that is free
     */
    port?: number | undefined;
    /**
     * how many reads,
     * writes, deletes and lists a day has, counted since the start; default: no limits. `FREE_PLAN` has those
     * of the free plan
     */
    dailyQuotas?: Partial<Record<"reads" | "writes" | "deletes" | "lists", number>> | undefined;
};
export type LocalApi = {
    /**
     * what `apiBaseUrl` and CLOUDFLARE_API_BASE_URL take
     */
    baseUrl: string;
    /**
     * stops the server and its workerd
     */
    close: () => Promise<void>;
};
