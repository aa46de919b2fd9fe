export type { ClientMessage } from "./external-publish.ts";
export type { IngestExternal, SampleColumns } from "./external-rows.ts";
export { createGateways, type Gateways, type GatewaysOptions } from "./gateways/gateways.ts";
export { isGatewayConnection, isLinkTopic } from "./gateways/topics.ts";
export { createNamespace, type NamespaceOptions, type NamespaceParts } from "./namespace.ts";
export { namespaceSection } from "./section.ts";
export type { UplinkOptions, UplinkStatus, UplinkStep } from "./uplink/api-uplink.ts";
export { uplinkSection } from "./uplink/section.ts";
export { createUplink } from "./uplink/uplink.ts";
