import type { NamespaceClient } from "@millwright/namespace/api";

export type Gateway = Awaited<ReturnType<NamespaceClient["gateways"]>>["gateways"][number];
