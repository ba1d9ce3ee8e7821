export const __napiBindingTarget: string;
export const explainRoute: any;
export const probeFiles: any;
export const seedKvCache: any;
