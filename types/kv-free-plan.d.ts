export namespace FREE_PLAN {
    let reads: number;
    let writes: number;
    let deletes: number;
    let lists: number;
}
