-- Whoever opened a merchant became its owner at the same moment.
UPDATE merchants_merchants SET opened_by = COALESCE((SELECT MIN(b.user_id) FROM merchants_members b
    WHERE b.merchant_id = merchants_merchants.id AND b.role = 3 AND b.created_at = merchants_merchants.created_at), '')
WHERE opened_by = ''
