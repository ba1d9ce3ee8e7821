export class DailyQuotas {
    /**
     * @param {Partial<Record<Operation, number>>} [limits] an operation without one is not limited
     * @param {() => number} [now] the time, in milliseconds
     */
    constructor(limits?: Partial<Record<Operation, number>>, now?: () => number);
    /**
     * Counts operations, or rejects them.
     * @param {Operation} operation
     * @param {number} [count]
     */
    spend(operation: Operation, count?: number): void;
    #private;
}
export type Operation = keyof typeof import("../kv-free-plan.js").FREE_PLAN;
