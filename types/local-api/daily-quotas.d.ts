export namespace FREE_PLAN {
    let reads: number;
    let writes: number;
    let deletes: number;
    let lists: number;
}
export class DailyQuotas {
    /**
     * @param {Partial<Record<Operation, number>>} [limits] an operation without one is not limited
     * @param {() => number} [now] the time, in milliseconds
     */
    constructor(limits?: Partial<Record<Operation, number>>, now?: () => number);
    /**
     * Takes note of operations, or refuses them.
     * @param {Operation} operation
     * @param {number} [count]
     */
    spend(operation: Operation, count?: number): void;
    #private;
}
export type Operation = keyof typeof FREE_PLAN;
