// SPDX-License-Identifier: MIT
// Loaded before a server of somebody else: it listens on a free port of loopback, whatever
// it asked for, and says which.
import net from "node:net";

const listen = net.Server.prototype.listen;

net.Server.prototype.listen = function (...args) {
	this.once("listening", () => console.log(`listening on port ${this.address().port}`));
	return listen.call(this, { host: "127.0.0.1", port: 0 },
		args.find((a) => typeof a === "function"));
};
