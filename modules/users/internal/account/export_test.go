package account

// What tests compare with the wire.
var RenderUser = renderUser
