export { apis } from "./apis.ts";
export { checkConfig, runServer } from "./run.ts";
export { sections } from "./sections.ts";
export { createServer, type Server } from "./server.ts";
