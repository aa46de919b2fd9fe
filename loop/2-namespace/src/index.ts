export type { ClientMessage, IngestExternal } from "./external-publish.ts";
export { createNamespace, type NamespaceOptions, type NamespaceParts } from "./namespace.ts";
export { namespaceSection } from "./section.ts";
