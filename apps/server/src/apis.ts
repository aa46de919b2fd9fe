import { accessApi } from "@millwright/access/api";
import { auditApi } from "@millwright/audit/api";
import type { Api } from "@millwright/core";
import { historyApi } from "@millwright/history/api";
import { namespaceApi } from "@millwright/namespace/api";
import { platformApi } from "@millwright/platform/api";
import { senseApi } from "@millwright/sense/api";
import { twinApi } from "@millwright/twin/api";

/** Every contract of the product, in the order data moves. Routes, commands, documents and rights are derived from it. */
export const apis: readonly { step: string; api: Api }[] = [
	{ step: "sense", api: senseApi },
	{ step: "namespace", api: namespaceApi },
	{ step: "history", api: historyApi },
	{ step: "twin", api: twinApi },
	{ step: "access", api: accessApi },
	{ step: "audit", api: auditApi },
	{ step: "platform", api: platformApi },
];
