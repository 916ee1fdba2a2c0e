// Starts the foreign Web Push receiver in the foreground, on the port given.
"use strict";
const { PushApiModel } = require("web-push-testing/src/PushApiModel.js");
const Server = require("web-push-testing/src/server.js");
new Server(new PushApiModel(), Number(process.argv[2])).startServer();
