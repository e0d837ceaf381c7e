
  // A copy accesses each window word of its image or tables once, in order, and none beside them,
  // writes only for STORE, and is over a cycle after as many cycles as it has words. Reduced: 256
  // words, 2 pages. The ports of the tile are not looked at.

  localparam [31:0] WINDOW = 32'd1 << WINDOW_WIDTH;

  reg started = 1'b0;
  always @(posedge clk_i) started <= 1'b1;

  wire [31:0] base  = {{(32-WINDOW_WIDTH){1'b0}}, base_i};
  wire [31:0] words = (mode_i == TABLE) ? TABLE_WORDS
                    : (mode_i == INL) ? `CROSSLOOP_INL_WORDS : IMAGE_WORDS;

  // The copy at hand.
  reg [31:0] first_q, size_q, count_q, age_q;
  reg        was_busy;

  always @* begin
    assume (rst_ni == started);
    assume (!(start_i && busy_o));
    assume (page_i < 16'd2 && row_page_i < 16'd2);
    assume (base >= `CROSSLOOP_RING_WORDS && words <= WINDOW - base);
  end

  always @(posedge clk_i) begin
    was_busy <= rst_ni && busy_o && !clear_i;
    if (start_i) begin
      first_q <= base;
      size_q  <= words;
      count_q <= 32'd0;
      age_q   <= 32'd0;
    end else begin
      if (window_en_o) count_q <= count_q + 32'd1;
      if (busy_o) age_q <= age_q + 32'd1;
    end
  end

  wire [31:0] delayed = (store && read_q) ? 32'd1 : 32'd0;
  wire [31:0] address = {{(32-WINDOW_WIDTH){1'b0}}, window_addr_o};

  always @* if (rst_ni) begin
    lemma_size:   assert (!busy_o || (size_q == (mode_q == TABLE ? TABLE_WORDS : mode_q == INL
                                      ? `CROSSLOOP_INL_WORDS : IMAGE_WORDS)));
    lemma_place:  assert (!busy_o || (first_q >= `CROSSLOOP_RING_WORDS && first_q <= WINDOW &&
                                      size_q <= WINDOW - first_q));
    lemma_left:   assert (!busy_o || (left_q <= size_q && left_q + count_q + delayed == size_q));
    lemma_age:    assert (!busy_o || age_q == (reading ? size_q - left_q : size_q));
    lemma_read:   assert (!reading || read_q == (left_q != size_q));
    lemma_address: assert (!busy_o || count_q == size_q || address == first_q + count_q);

    order:    assert (!window_en_o || (address == first_q + count_q && count_q < size_q));
    writes:   assert (!window_en_o || window_we_o == (mode_q == STORE));
    complete: assert (!was_busy || busy_o || count_q == size_q);
    ends:     assert (!busy_o || age_q <= size_q);
  end
