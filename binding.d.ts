export const explainRoute: any;
export const exportKvSeed: any;
export const planKvSeed: any;
export const probeFiles: any;
export const seedKvCache: any;
