CREATE INDEX payments_test_charges_capture ON payments_test_charges (capture_at);
