
  // WRITE_VERIFY as descriptor_check lets it through, over records with any contents, before a
  // write_verify that is busy for at most LIMIT cycles a cell: reads the settings and the records,
  // writes the records of selected cells and the statistics, these completely, nothing beside them,
  // and is over in time. Reduced: 256 words, pages of 4 x 4 cells.

  localparam [9:0]  WINDOW = 10'd1 << WINDOW_WIDTH;
  localparam [15:0] SIDE   = 16'd4;
  localparam [9:0]  LIMIT  = 10'd6;
  localparam [9:0]  EACH   = LIMIT + 10'd8;   // cycles of a selected cell

  reg started = 1'b0;
  always @(posedge clk_i) started <= 1'b1;

  wire [9:0] count   = rows[2:0] * columns[2:0];
  wire [9:0] records = 10'd3 * count;

  reg         was_whole, was_writing;
  reg [511:0] was_words;
  reg         pulsing, asked_q, marked_q;
  reg [9:0]   wait_q;    // cycles of write_verify
  reg [9:0]   left_q;    // cells left, the one at hand included
  reg [3:0]   filled_q;  // words of the statistics
  reg [1:0]   cleared_q;
  reg [15:0]  was_row, was_column;
  reg [32*SETTING_WORDS-1:0] was_settings;
  reg [31:0]  was_flags;

  wire working = state_q != IDLE && state_q != SETTINGS && state_q != STATISTICS;

  function lies;
    input [WINDOW_WIDTH-1:0] base;
    input [9:0]              length;
    lies = base >= `CROSSLOOP_RING_WORDS && length <= WINDOW - {2'd0, base};
  endfunction

  always @* begin
    assume (rst_ni == started);
    assume (!(start_i && busy_o));
    assume (!busy_o || words_i == was_words);
    assume (rows >= 16'd1 && rows <= SIDE && columns >= 16'd1 && columns <= SIDE);
    assume (first_row <= SIDE - rows && first_column <= SIDE - columns);
    assume (lies(cells, records) && lies(settings, 10'd5) && lies(statistics, 10'd8));
    assume (!writing || (pulsing && wait_q < LIMIT));
  end

  always @(posedge clk_i) begin
    was_whole    <= rst_ni && busy_o && !clear_i;
    was_writing  <= rst_ni && writing && !clear_i;
    was_words    <= words_i;
    was_row      <= row_q;
    was_column   <= column_q;
    was_settings <= settings_q;
    was_flags    <= flags_q;
    pulsing      <= rst_ni && !clear_i && (state_q == START || (pulsing && writing));
    wait_q       <= (state_q == START) ? 10'd0 : wait_q + 10'd1;
    asked_q      <= rst_ni && state_q == FLAGS;
    if (asked_q) marked_q <= window_rdata_i[`CROSSLOOP_CELL_SELECTED];
    if (!rst_ni) cleared_q <= 2'd0;
    else if (clear_i) cleared_q <= 2'd2;
    else if (cleared_q != 2'd0) cleared_q <= cleared_q - 2'd1;
    if (start_i) begin
      left_q   <= count;
      filled_q <= 4'd0;
    end else begin
      if (leave) left_q <= left_q - 10'd1;
      if (state_q == STATISTICS) filled_q <= filled_q + 4'd1;
    end
  end

  // --- Ranges ------------------------------------------------------------------------------------

  wire [9:0]  address = {2'd0, window_addr_o};
  wire [15:0] row     = row_q - first_row;
  wire [15:0] column  = column_q - first_column;
  wire [9:0]  gone    = {8'd0, column[1:0]} * rows[2:0] + {8'd0, row[1:0]};
  wire [9:0]  record_at = {2'd0, cells} + 10'd3 * gone;

  function among;   // an address in a range
    input [9:0]              at;
    input [WINDOW_WIDTH-1:0] base;
    input [9:0]              length;
    among = at >= {2'd0, base} && at - {2'd0, base} < length;
  endfunction

  // --- Completion: cycles left go down in each cycle -----------------------------------------------

  wire [9:0] others = (left_q - 10'd1) * EACH;
  reg  [9:0] rest, was_rest;

  always @* begin
    case (state_q)
      SETTINGS: rest = 10'd6 - {6'd0, index_q} + left_q * EACH + 10'd8;
      FLAGS:    rest = others + EACH + 10'd8;
      SELECT:   rest = others + EACH + 10'd7;
      FETCH:    rest = others + EACH + 10'd6;
      START:    rest = others + EACH + 10'd5;
      WAIT:     rest = others + LIMIT - wait_q + 10'd4 + 10'd8;
      STORE:    rest = others + 10'd3 - {6'd0, index_q} + 10'd8;
      default:  rest = 10'd8 - {6'd0, index_q};
    endcase
  end

  always @(posedge clk_i) was_rest <= rest;

  always @* if (rst_ni) begin
    lemma_state:  assert (state_q <= STATISTICS);
    lemma_index:  assert (index_q <= (state_q == SETTINGS ? 4'd5 : state_q == STORE ? 4'd2
                                      : state_q == STATISTICS ? 4'd7 : 4'd0) || state_q == IDLE);
    lemma_place:  assert (!working || (row < rows && column < columns && gone + left_q == count &&
                                       {2'd0, cell_q} == record_at));
    lemma_first:  assert (state_q != SETTINGS || (row_q == first_row && column_q == first_column &&
                                                  cell_q == cells && left_q == count));
    lemma_filled: assert (state_q == IDLE ||
                          filled_q == (state_q == STATISTICS ? index_q : 4'd0));
    lemma_left:   assert (state_q != STATISTICS || left_q == 10'd0);
    lemma_wait:   assert (pulsing == (state_q == WAIT) && (!pulsing || wait_q <= LIMIT));
    lemma_asked:  assert (asked_q == (state_q == SELECT) || state_q == IDLE);
    lemma_marked: assert (!(state_q == FETCH || state_q == START || state_q == WAIT ||
                            state_q == STORE) ||
                          (marked_q && flags_q[`CROSSLOOP_CELL_SELECTED]));
    lemma_since:  assert (cleared_q != 2'd2 || state_q == IDLE);

    taken:   assert (!window_en_o || window_we_o || (state_q == SETTINGS
                     ? among(address, settings, 10'd5) : among(address, cells, records)));
    given:   assert (!window_en_o || !window_we_o || (state_q == STATISTICS
                     ? among(address, statistics, 10'd8) : among(address, record_at[7:0], 10'd3)));
    beside:  assert (!window_we_o || state_q == STATISTICS || among(address, cells, records));
    spares:  assert (!(window_we_o && state_q == STORE) || marked_q);
    cell_at: assert (state_q != START || (row_q >= first_row && row_q - first_row < rows &&
                     column_q >= first_column && column_q - first_column < columns));
    apart:   assert (state_q != START || (cleared_q == 2'd0 && !writing));
    holds:   assert (!was_writing || !writing || (row_q == was_row && column_q == was_column &&
                     settings_q == was_settings && flags_q == was_flags));
    filled:  assert (!was_whole || busy_o || filled_q == 4'd8);
    all:     assert (!was_whole || busy_o || left_q == 10'd0);
    bound:   assert (!busy_o || rest <= count * EACH + 10'd14);
    ends:    assert (!(was_whole && busy_o) || rest < was_rest);
  end
