import { section } from "@millwright/runtime";
import { NamespaceSettings } from "./api.ts";

/** `namespace:` in the configuration file. */
export const namespaceSection = section("namespace", NamespaceSettings);
