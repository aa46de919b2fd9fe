import { operation } from "@millwright/core";
import * as z from "zod";

/** One MQTT client's part in what is said, kept over its connections and restarts. */
export const Conversation = z.object({
	client: z.string(),
	principal: z.string(),
	connected: z.boolean(),
	firstSeen: z.int().meta({ unit: "ms since 1970, UTC" }),
	lastSeen: z.int().meta({ unit: "ms since 1970, UTC" }),
	publishes: z.array(
		z.object({
			filter: z.string().meta({ description: "a topic, or a filter where topics are many" }),
			messages: z.int(),
			bytes: z.int(),
			last: z.int().meta({ unit: "ms since 1970, UTC" }),
		}),
	),
	subscribes: z.array(
		z.object({
			filter: z.string(),
			qos: z.int(),
			group: z.string().optional().meta({ description: "of a shared subscription" }),
			last: z.int().meta({ unit: "ms since 1970, UTC" }),
		}),
	),
});
export type Conversation = z.output<typeof Conversation>;

export const conversationOperations = {
	conversations: operation({
		summary: "Who publishes and subscribes to what over MQTT, also those gone since; the latest seen first",
		path: "/namespace/conversations",
		allow: ["engineer", "security", "administrator"],
		input: z.object({
			limit: z.int().min(1).max(5000).default(500),
			offset: z.int().min(0).default(0),
		}),
		output: z.object({ conversations: z.array(Conversation), total: z.int() }),
	}),
};
