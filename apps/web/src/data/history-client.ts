import { createClient } from "@millwright/core";
import { historyApi } from "@millwright/history/api";
import { way } from "./clients.ts";

export const history = createClient("history", historyApi, way);
