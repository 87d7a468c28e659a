package audit

// What tests compare with the wire.
var RenderRecord = renderRecord
