/** The formats that an export can be asked for, in the order in which help lists them. */
export const EXPORT_FORMATS = ['terraform', 'cloudformation', 'cdk', 'eksctl', 'helm', 'kustomize', 'ack', 'crossplane'] as const;

/** A format that an export can be asked for. */
export type ExportFormat = (typeof EXPORT_FORMATS)[number];
